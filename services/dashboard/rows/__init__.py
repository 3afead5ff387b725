"""What pages read of other services' answers, one module an area; any other field is ignored and never repeated."""
