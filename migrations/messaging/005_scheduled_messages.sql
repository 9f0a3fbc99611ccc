-- Messages to be sent later. Any number of workers may ask for due ones: each
-- message goes to one of them, and comes back when that one dies.

CREATE TABLE IF NOT EXISTS public.scheduled_messages (
	id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	user_id       uuid NOT NULL
	    REFERENCES public.users (id) ON DELETE CASCADE,
	type          public.msg_type NOT NULL DEFAULT 'text',
	content       text NOT NULL,
	scheduled_for timestamptz NOT NULL,
	status        text NOT NULL DEFAULT 'pending',
	attempts      integer NOT NULL DEFAULT 0,
	max_attempts  integer NOT NULL DEFAULT 3,
	claimed_at    timestamptz,
	sent_at       timestamptz,
	last_error    text,
	created_at    timestamptz NOT NULL DEFAULT now(),
	updated_at    timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE public.scheduled_messages IS
'Messages to be sent later, and what became of them: pending, sending, then sent or failed; cancelled by hand.';
COMMENT ON COLUMN public.scheduled_messages.scheduled_for IS
'Due then; moved on when an attempt fails.';

ALTER TABLE public.scheduled_messages
	DROP CONSTRAINT IF EXISTS chk_scheduled_messages_status;
ALTER TABLE public.scheduled_messages
	ADD CONSTRAINT chk_scheduled_messages_status
	CHECK (status IN ('pending', 'sending', 'sent', 'failed', 'cancelled')
	AND (status = 'sent') = (sent_at IS NOT NULL)
	AND (status = 'sending') = (claimed_at IS NOT NULL));
ALTER TABLE public.scheduled_messages
	DROP CONSTRAINT IF EXISTS chk_scheduled_messages_attempts;
ALTER TABLE public.scheduled_messages
	ADD CONSTRAINT chk_scheduled_messages_attempts
	CHECK (max_attempts > 0 AND attempts BETWEEN 0 AND max_attempts);

CREATE INDEX IF NOT EXISTS idx_scheduled_messages_pending
	ON public.scheduled_messages USING btree (scheduled_for)
	WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS idx_scheduled_messages_sending
	ON public.scheduled_messages USING btree (claimed_at)
	WHERE status = 'sending';
CREATE INDEX IF NOT EXISTS idx_scheduled_messages_userid_btree
	ON public.scheduled_messages USING btree (user_id, scheduled_for);

DROP TRIGGER IF EXISTS t_scheduled_messages_updated
	ON public.scheduled_messages;
CREATE TRIGGER t_scheduled_messages_updated
	BEFORE UPDATE ON public.scheduled_messages
	FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

ALTER TABLE public.scheduled_messages ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS "scheduled_messages_select_own"
	ON public.scheduled_messages;
CREATE POLICY "scheduled_messages_select_own" ON public.scheduled_messages
	FOR SELECT
	USING (user_id = (SELECT auth.uid()));

-- A worker that died in its last attempt left the outcome open: such a message
-- has failed, and is not sent once more than it was to be tried.

CREATE OR REPLACE FUNCTION public.claim_scheduled_messages(
	p_limit integer DEFAULT 10,
	p_lost_after interval DEFAULT '10 minutes')
RETURNS SETOF public.scheduled_messages
LANGUAGE plpgsql
AS $$
BEGIN
	UPDATE public.scheduled_messages s
	SET status = 'failed', claimed_at = NULL,
	    last_error = 'the worker was lost in the last attempt'
	WHERE s.id IN (
	    SELECT l.id FROM public.scheduled_messages l
	    WHERE l.status = 'sending' AND l.claimed_at < now() - p_lost_after
	    AND l.attempts >= l.max_attempts
	    FOR UPDATE SKIP LOCKED);
	RETURN QUERY
	UPDATE public.scheduled_messages s
	SET status = 'sending', claimed_at = now(), attempts = s.attempts + 1
	WHERE s.id IN (
	    SELECT d.id FROM public.scheduled_messages d
	    WHERE d.status = 'pending' AND d.scheduled_for <= now()
	    OR d.status = 'sending' AND d.claimed_at < now() - p_lost_after
	    AND d.attempts < d.max_attempts
	    ORDER BY d.scheduled_for
	    LIMIT p_limit
	    FOR UPDATE SKIP LOCKED)
	RETURNING s.*;
END
$$;

COMMENT ON FUNCTION public.claim_scheduled_messages(integer, interval) IS
'Takes due messages for sending. Say how it ended with finish_scheduled_message().';

CREATE OR REPLACE FUNCTION public.finish_scheduled_message(
	p_id uuid,
	p_error text DEFAULT NULL)
RETURNS text
LANGUAGE sql
AS $$
	UPDATE public.scheduled_messages s
	SET claimed_at = NULL, last_error = p_error,
	    sent_at = CASE WHEN p_error IS NULL THEN now() END,
	    status = CASE WHEN p_error IS NULL THEN 'sent'
	        WHEN s.attempts >= s.max_attempts THEN 'failed'
	        ELSE 'pending' END,
	    scheduled_for = CASE
	        WHEN p_error IS NULL OR s.attempts >= s.max_attempts
	        THEN s.scheduled_for
	        ELSE now() + interval '1 minute' * 2 ^ (s.attempts - 1) END
	WHERE s.id = p_id AND s.status = 'sending'
	RETURNING s.status
$$;

COMMENT ON FUNCTION public.finish_scheduled_message(uuid, text) IS
'Ends an attempt; with an error it is tried again after 1, 2, 4, … minutes. Returns the new status, NULL when the message was not being sent.';
