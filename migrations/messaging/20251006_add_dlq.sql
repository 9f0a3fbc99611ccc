-- Dead letters: what could not be processed, kept with its payload until it is
-- tried again with success, or given up by a person.

CREATE TABLE IF NOT EXISTS public.dead_letter_queue (
	id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	source          text NOT NULL,
	message_key     text NOT NULL,
	payload         jsonb NOT NULL,
	error_message   text NOT NULL,
	status          text NOT NULL DEFAULT 'pending',
	failures        integer NOT NULL DEFAULT 1,
	first_failed_at timestamptz NOT NULL DEFAULT now(),
	last_failed_at  timestamptz NOT NULL DEFAULT now(),
	next_retry_at   timestamptz,
	closed_at       timestamptz,
	note            text
);

COMMENT ON TABLE public.dead_letter_queue IS
'What could not be processed. For the backend alone, so row security has no policy on purpose: a payload may hold what other users wrote.';
COMMENT ON COLUMN public.dead_letter_queue.message_key IS
'What it is in its source, say the WhatsApp message id: a second failure of the same thing is counted, not stored again.';
COMMENT ON COLUMN public.dead_letter_queue.next_retry_at IS
'When to try again; NULL: not by itself.';

ALTER TABLE public.dead_letter_queue
	DROP CONSTRAINT IF EXISTS chk_dead_letter_queue_status;
ALTER TABLE public.dead_letter_queue
	ADD CONSTRAINT chk_dead_letter_queue_status
	CHECK (status IN ('pending', 'resolved', 'discarded')
	AND (status = 'pending') = (closed_at IS NULL));
ALTER TABLE public.dead_letter_queue
	DROP CONSTRAINT IF EXISTS chk_dead_letter_queue_failures;
ALTER TABLE public.dead_letter_queue
	ADD CONSTRAINT chk_dead_letter_queue_failures CHECK (failures > 0);

CREATE UNIQUE INDEX IF NOT EXISTS idx_dead_letter_queue_open_key
	ON public.dead_letter_queue USING btree (source, message_key)
	WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS idx_dead_letter_queue_retry
	ON public.dead_letter_queue USING btree (next_retry_at)
	WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS idx_dead_letter_queue_closed
	ON public.dead_letter_queue USING btree (closed_at)
	WHERE closed_at IS NOT NULL;

-- No policy follows: see the comment on the table.
ALTER TABLE public.dead_letter_queue ENABLE ROW LEVEL SECURITY;

-- Pauses double from a minute to at most a day. After ten failures it is for a
-- person to look.

CREATE OR REPLACE FUNCTION public.add_dead_letter(
	p_source text,
	p_message_key text,
	p_payload jsonb,
	p_error text)
RETURNS uuid
LANGUAGE sql
AS $$
	INSERT INTO public.dead_letter_queue AS q
	    (source, message_key, payload, error_message, next_retry_at)
	VALUES (p_source, p_message_key, p_payload, p_error,
	    now() + interval '1 minute')
	ON CONFLICT (source, message_key) WHERE status = 'pending' DO UPDATE
	SET payload = EXCLUDED.payload,
	    error_message = EXCLUDED.error_message,
	    failures = q.failures + 1,
	    last_failed_at = now(),
	    next_retry_at = CASE WHEN q.failures + 1 < 10 THEN now() + least(
	        interval '1 minute' * 2 ^ q.failures, interval '1 day') END
	RETURNING q.id
$$;

COMMENT ON FUNCTION public.add_dead_letter(text, text, jsonb, text) IS
'Something failed: stores it, or counts the failure if it is there already.';

CREATE OR REPLACE FUNCTION public.claim_dead_letters(
	p_limit integer DEFAULT 10,
	p_lease interval DEFAULT '10 minutes')
RETURNS SETOF public.dead_letter_queue
LANGUAGE sql
AS $$
	UPDATE public.dead_letter_queue q
	SET next_retry_at = now() + p_lease
	WHERE q.id IN (
	    SELECT d.id FROM public.dead_letter_queue d
	    WHERE d.status = 'pending' AND d.next_retry_at <= now()
	    ORDER BY d.next_retry_at
	    LIMIT p_limit
	    FOR UPDATE SKIP LOCKED)
	RETURNING q.*
$$;

COMMENT ON FUNCTION public.claim_dead_letters(integer, interval) IS
'Takes letters that are due, each for one caller. It ends with close_dead_letter() or add_dead_letter(); of a caller that dies they come back after the lease.';

CREATE OR REPLACE FUNCTION public.close_dead_letter(
	p_id uuid,
	p_status text DEFAULT 'resolved',
	p_note text DEFAULT NULL)
RETURNS boolean
LANGUAGE sql
AS $$
	WITH closed AS (
		UPDATE public.dead_letter_queue q
		SET status = p_status, note = p_note, closed_at = now(),
		    next_retry_at = NULL
		WHERE q.id = p_id AND q.status = 'pending'
		RETURNING 1)
	SELECT EXISTS (SELECT FROM closed)
$$;

COMMENT ON FUNCTION public.close_dead_letter(uuid, text, text) IS
'Ends a letter as resolved or discarded; false when it is not pending.';

CREATE OR REPLACE FUNCTION public.cleanup_dead_letters(
	p_keep interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE sql
AS $$
	WITH gone AS (
		DELETE FROM public.dead_letter_queue q
		WHERE q.closed_at < now() - p_keep
		RETURNING 1)
	SELECT count(*) FROM gone
$$;

COMMENT ON FUNCTION public.cleanup_dead_letters(interval) IS
'Removes letters closed so long ago; a pending one never.';

-- A scheduled message that has used up its attempts is a dead letter. It is
-- not tried again by itself: scheduled_messages has done that.

CREATE OR REPLACE FUNCTION public.dead_letter_scheduled_message()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
	letter uuid;
BEGIN
	letter := public.add_dead_letter('scheduled_message', NEW.id::text,
	    to_jsonb(NEW), COALESCE(NEW.last_error, 'unknown'));
	UPDATE public.dead_letter_queue q SET next_retry_at = NULL
	WHERE q.id = letter;
	RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS t_scheduled_messages_dead_letter
	ON public.scheduled_messages;
CREATE TRIGGER t_scheduled_messages_dead_letter
	AFTER UPDATE OF status ON public.scheduled_messages
	FOR EACH ROW
	WHEN (NEW.status = 'failed' AND OLD.status <> 'failed')
	EXECUTE FUNCTION public.dead_letter_scheduled_message();
