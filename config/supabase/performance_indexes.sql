-- Indexes for the queries that an application for conversations makes most: the list of an account's
-- conversations, the messages of one of them, and the account that a webhook is for. `sidecar advise
-- --sql` proposes others, by what your application really asks for.
--
-- Run them one by one, outside of a transaction: CONCURRENTLY locks no writer out, and therefore
-- works in no transaction. In psql:
--
--   psql "$DATABASE_URL" -f config/supabase/performance_indexes.sql
--
-- In Supabase's SQL editor, run each statement by itself. One that was interrupted leaves an index
-- behind that is marked INVALID: drop it, and run the statement again.
--
--   SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;

-- An account's conversations, the latest first:
--   GET /rest/v1/conversations?account_id=eq.…&order=updated_at.desc&limit=…
CREATE INDEX CONCURRENTLY IF NOT EXISTS conversations_account_id_updated_at_idx
    ON public.conversations (account_id, updated_at DESC);

-- The messages of a conversation, the latest first, or in their order (an index is read from either
-- end):
--   GET /rest/v1/messages?conversation_id=eq.…&order=timestamp.desc&limit=…
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_conversation_id_timestamp_idx
    ON public.messages (conversation_id, "timestamp" DESC);

-- The account that a webhook of WhatsApp's is for, by the number that it names:
--   GET /rest/v1/whatsapp_accounts?phone_number_id=eq.…
CREATE INDEX CONCURRENTLY IF NOT EXISTS whatsapp_accounts_phone_number_id_idx
    ON public.whatsapp_accounts (phone_number_id);
