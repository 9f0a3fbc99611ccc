-- WhatsApp's service window: within 24 hours of a user's message the assistant
-- may answer freely. And how many messages it began of its own accord today,
-- where a day is one of Bogotá.

CREATE TABLE IF NOT EXISTS public.messaging_windows (
	id                            uuid PRIMARY KEY
	    DEFAULT gen_random_uuid(),
	user_id                       uuid NOT NULL UNIQUE
	    REFERENCES public.users (id) ON DELETE CASCADE,
	phone_number                  text NOT NULL UNIQUE,
	window_opened_at              timestamptz NOT NULL,
	window_expires_at             timestamptz NOT NULL,
	proactive_messages_sent_today integer NOT NULL DEFAULT 0,
	last_proactive_sent_at        timestamptz,
	created_at                    timestamptz NOT NULL DEFAULT now(),
	updated_at                    timestamptz NOT NULL DEFAULT now()
);

-- A table from before the column was thought of
ALTER TABLE public.messaging_windows
	ADD COLUMN IF NOT EXISTS last_proactive_sent_at timestamptz;

COMMENT ON TABLE public.messaging_windows IS
'Until when a user may be answered freely, and how often the assistant has written first today; one row a user.';
COMMENT ON COLUMN public.messaging_windows.proactive_messages_sent_today IS
'Belongs to the Bogotá day of last_proactive_sent_at. After midnight it is old until the row is next written: read it with proactive_messages_today().';

ALTER TABLE public.messaging_windows
	DROP CONSTRAINT IF EXISTS chk_messaging_windows_times;
ALTER TABLE public.messaging_windows
	ADD CONSTRAINT chk_messaging_windows_times
	CHECK (window_expires_at > window_opened_at);
ALTER TABLE public.messaging_windows
	DROP CONSTRAINT IF EXISTS chk_messaging_windows_count;
ALTER TABLE public.messaging_windows
	ADD CONSTRAINT chk_messaging_windows_count
	CHECK (proactive_messages_sent_today >= 0);

CREATE INDEX IF NOT EXISTS idx_messaging_windows_expires_btree
	ON public.messaging_windows USING btree (window_expires_at);

CREATE OR REPLACE FUNCTION public.bogota_date(p_at timestamptz)
RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT (p_at AT TIME ZONE 'America/Bogota')::date
$$;

-- The day that ended is the one of the row as it was (OLD): the statement that
-- counts the first message of a day writes that day's time into NEW. A count
-- that grew is taken by how much it grew, for it grew on top of yesterday's.

CREATE OR REPLACE FUNCTION public.reset_daily_proactive_count()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
	sent  boolean := NEW.last_proactive_sent_at
	    IS DISTINCT FROM OLD.last_proactive_sent_at;
	today date := public.bogota_date(CASE WHEN sent
	    THEN NEW.last_proactive_sent_at ELSE now() END);
BEGIN
	IF public.bogota_date(OLD.last_proactive_sent_at) < today THEN
		IF NEW.proactive_messages_sent_today
		    > OLD.proactive_messages_sent_today THEN
			NEW.proactive_messages_sent_today :=
			    NEW.proactive_messages_sent_today
			    - OLD.proactive_messages_sent_today;
		ELSIF NEW.proactive_messages_sent_today
		    = OLD.proactive_messages_sent_today THEN
			NEW.proactive_messages_sent_today := sent::int;
		END IF;
	END IF;
	RETURN NEW;
END
$$;

DROP TRIGGER IF EXISTS t_messaging_windows_reset_daily
	ON public.messaging_windows;
CREATE TRIGGER t_messaging_windows_reset_daily
	BEFORE UPDATE ON public.messaging_windows
	FOR EACH ROW EXECUTE FUNCTION public.reset_daily_proactive_count();

DROP TRIGGER IF EXISTS t_messaging_windows_updated
	ON public.messaging_windows;
CREATE TRIGGER t_messaging_windows_updated
	BEFORE UPDATE ON public.messaging_windows
	FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

ALTER TABLE public.messaging_windows ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS "messaging_windows_select_own"
	ON public.messaging_windows;
CREATE POLICY "messaging_windows_select_own" ON public.messaging_windows
	FOR SELECT
	USING (user_id = (SELECT auth.uid()));

CREATE OR REPLACE FUNCTION public.open_messaging_window(
	p_user_id uuid,
	p_at timestamptz DEFAULT now())
RETURNS timestamptz
LANGUAGE sql
AS $$
	INSERT INTO public.messaging_windows AS w
	    (user_id, phone_number, window_opened_at, window_expires_at)
	SELECT u.id, u.phone_number, p_at, p_at + interval '24 hours'
	FROM public.users u WHERE u.id = p_user_id
	ON CONFLICT (user_id) DO UPDATE
	SET phone_number = EXCLUDED.phone_number,
	    window_opened_at = greatest(w.window_opened_at,
	        EXCLUDED.window_opened_at),
	    window_expires_at = greatest(w.window_expires_at,
	        EXCLUDED.window_expires_at)
	RETURNING w.window_expires_at
$$;

COMMENT ON FUNCTION public.open_messaging_window(uuid, timestamptz) IS
'A message of the user came: 24 hours from then. A late webhook does not shorten a window. Returns its end, NULL for an unknown user.';

CREATE OR REPLACE FUNCTION public.is_messaging_window_open(
	p_user_id uuid,
	p_at timestamptz DEFAULT now())
RETURNS boolean
LANGUAGE sql STABLE
AS $$
	SELECT EXISTS (
	    SELECT FROM public.messaging_windows w
	    WHERE w.user_id = p_user_id
	    AND p_at >= w.window_opened_at AND p_at < w.window_expires_at)
$$;

CREATE OR REPLACE FUNCTION public.record_proactive_message(
	p_user_id uuid,
	p_at timestamptz DEFAULT now())
RETURNS integer
LANGUAGE sql
AS $$
	UPDATE public.messaging_windows w
	SET proactive_messages_sent_today = w.proactive_messages_sent_today
	        + CASE WHEN public.bogota_date(p_at)
	        < public.bogota_date(w.last_proactive_sent_at) THEN 0 ELSE 1 END,
	    last_proactive_sent_at = greatest(w.last_proactive_sent_at, p_at)
	WHERE w.user_id = p_user_id
	RETURNING w.proactive_messages_sent_today
$$;

COMMENT ON FUNCTION public.record_proactive_message(uuid, timestamptz) IS
'Counts one message begun by the assistant; returns how many that makes that day, NULL for a user without a window. One that is reported after the next day has begun is not counted into it.';

CREATE OR REPLACE FUNCTION public.proactive_messages_today(
	p_user_id uuid,
	p_at timestamptz DEFAULT now())
RETURNS integer
LANGUAGE sql STABLE
AS $$
	SELECT COALESCE((
	    SELECT w.proactive_messages_sent_today
	    FROM public.messaging_windows w
	    WHERE w.user_id = p_user_id
	    AND public.bogota_date(w.last_proactive_sent_at)
	        = public.bogota_date(p_at)), 0)
$$;

COMMENT ON FUNCTION public.proactive_messages_today(uuid, timestamptz) IS
'The count of the Bogotá day; 0 on a new day, though nothing has been written yet.';
