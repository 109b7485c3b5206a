-- Finds the workspaces with due deliveries by one look each, however many webhooks they have and however many deliveries
-- of others wait.
create index delivery_due_in_workspace on delivery (workspace_id, next_attempt_at) where status = 'pending';
