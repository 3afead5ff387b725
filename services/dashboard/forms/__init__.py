"""What people fill in, one module an area; `desk_form` holds what every form has."""
