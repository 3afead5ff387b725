"""The pages, one module an area: each asks services in its reader's own name and draws a template."""
