-- Row security that stays fast: an index under each column that a policy
-- compares, and auth.uid() in a sub-select, so that the planner asks it once a
-- query (an InitPlan) and not once a row.

-- One user a number. The planner reads it as it would a plain index.
CREATE UNIQUE INDEX IF NOT EXISTS idx_users_phone_btree
	ON public.users USING btree (phone_number);
CREATE INDEX IF NOT EXISTS idx_conversations_userid_btree
	ON public.conversations USING btree (user_id);
CREATE INDEX IF NOT EXISTS idx_messages_v2_conversation_created_btree
	ON public.messages_v2 USING btree (conversation_id, created_at DESC);

-- Policies are added to each other: one that allows all would leave the rest
-- without effect. Early databases had these.
DROP POLICY IF EXISTS "allow_all_users" ON public.users;
DROP POLICY IF EXISTS "allow_all_conversations" ON public.conversations;
DROP POLICY IF EXISTS "allow_all_messages_v2" ON public.messages_v2;

DROP POLICY IF EXISTS "users_select_own" ON public.users;
CREATE POLICY "users_select_own" ON public.users
	FOR SELECT
	USING (id = (SELECT auth.uid()));

DROP POLICY IF EXISTS "users_update_own" ON public.users;
CREATE POLICY "users_update_own" ON public.users
	FOR UPDATE
	USING (id = (SELECT auth.uid()))
	WITH CHECK (id = (SELECT auth.uid()));

DROP POLICY IF EXISTS "conversations_select_own" ON public.conversations;
CREATE POLICY "conversations_select_own" ON public.conversations
	FOR SELECT
	USING (user_id = (SELECT auth.uid()));

DROP POLICY IF EXISTS "conversations_insert_own" ON public.conversations;
CREATE POLICY "conversations_insert_own" ON public.conversations
	FOR INSERT
	WITH CHECK (user_id = (SELECT auth.uid()));

DROP POLICY IF EXISTS "messages_v2_select_own" ON public.messages_v2;
CREATE POLICY "messages_v2_select_own" ON public.messages_v2
	FOR SELECT
	USING (conversation_id IN (
	    SELECT c.id FROM public.conversations c
	    WHERE c.user_id = (SELECT auth.uid())));

-- What the assistant says comes from the backend, which row security does not
-- bind; a user writes inbound messages only.
DROP POLICY IF EXISTS "messages_v2_insert_own" ON public.messages_v2;
CREATE POLICY "messages_v2_insert_own" ON public.messages_v2
	FOR INSERT
	WITH CHECK (direction = 'inbound' AND conversation_id IN (
	    SELECT c.id FROM public.conversations c
	    WHERE c.user_id = (SELECT auth.uid())));
