"""The fabric between agencies: one mailbox an agency, sealed letters, headers that name no category."""
