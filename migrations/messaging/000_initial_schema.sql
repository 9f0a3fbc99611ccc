-- The first version, which all later files take for granted. A database that
-- has these tables already takes this file with --baseline.
--
-- There are no policies yet: row security without a policy lets nobody but the
-- owner and the backend's role in, and 001 opens what may be opened.

-- Nothing stands in for pgvector, which 003 needs: say so before the first
-- table is made, and not after the third file. Who leaves 003 out says so.

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_available_extensions
	    WHERE name = 'vector')
	    AND COALESCE(current_setting('messaging.memory', true), '') <> 'off' THEN
		RAISE EXCEPTION 'user memory needs the extension "vector" (pgvector), which this server does not have'
		    USING ERRCODE = 'feature_not_supported',
		    HINT = format('install the package postgresql-%s-pgvector on the server and apply again; or leave 003 out and set PGOPTIONS="-c messaging.memory=off"',
		    current_setting('server_version_num')::int / 10000);
	END IF;
END
$$;

-- Supabase has auth.uid(). Elsewhere stand in for it, by the same setting: the
-- gateway puts the verified claims of the JWT there for each transaction.

DO $$
BEGIN
	IF to_regprocedure('auth.uid()') IS NULL THEN
		IF to_regnamespace('auth') IS NULL THEN
			CREATE SCHEMA auth;
			GRANT USAGE ON SCHEMA auth TO PUBLIC;
			COMMENT ON SCHEMA auth IS
			    'Stands in for the schema that Supabase has';
		END IF;
		CREATE FUNCTION auth.uid() RETURNS uuid
		LANGUAGE sql STABLE
		AS $uid$
			SELECT COALESCE(
			    NULLIF(current_setting('request.jwt.claim.sub', true), ''),
			    NULLIF(current_setting('request.jwt.claims', true),
			    '')::jsonb ->> 'sub')::uuid
		$uid$;
		COMMENT ON FUNCTION auth.uid() IS
		    'Who is asking: the subject of the JWT, NULL without one';
	END IF;
END
$$;

DO $$ BEGIN
	CREATE TYPE public.msg_type AS ENUM ('text', 'image', 'audio', 'video');
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

DO $$ BEGIN
	CREATE TYPE public.msg_direction AS ENUM ('inbound', 'outbound');
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

DO $$ BEGIN
	CREATE TYPE public.conversation_status AS ENUM
	    ('active', 'closed', 'archived');
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

CREATE OR REPLACE FUNCTION public.set_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	NEW.updated_at := now();
	RETURN NEW;
END
$$;

-- Users

CREATE TABLE IF NOT EXISTS public.users (
	id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	phone_number text NOT NULL,
	name         text,
	preferences  jsonb NOT NULL DEFAULT '{}',
	created_at   timestamptz NOT NULL DEFAULT now(),
	updated_at   timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE public.users IS
'Who writes to the assistant. The id is the subject of the user''s JWT, and what all policies compare.';
COMMENT ON COLUMN public.users.phone_number IS
'E.164 with its plus sign. Spaces, hyphens, dots and parentheses are taken out on the way in.';

ALTER TABLE public.users DROP CONSTRAINT IF EXISTS chk_phone_e164;
ALTER TABLE public.users ADD CONSTRAINT chk_phone_e164
	CHECK (phone_number ~ '^[+][1-9][0-9]{7,14}$');

-- A BEFORE trigger makes the row, and the constraints judge what it made: so
-- this one can bring a number into the form that chk_phone_e164 asks for.

CREATE OR REPLACE FUNCTION public.normalize_phone_number() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	NEW.phone_number := translate(NEW.phone_number, ' -.()', '');
	RETURN NEW;
END
$$;

DROP TRIGGER IF EXISTS t_users_normalize_phone ON public.users;
CREATE TRIGGER t_users_normalize_phone
	BEFORE INSERT OR UPDATE OF phone_number ON public.users
	FOR EACH ROW EXECUTE FUNCTION public.normalize_phone_number();

DROP TRIGGER IF EXISTS t_users_updated ON public.users;
CREATE TRIGGER t_users_updated
	BEFORE UPDATE ON public.users
	FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- Conversations

CREATE TABLE IF NOT EXISTS public.conversations (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	user_id    uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
	status     public.conversation_status NOT NULL DEFAULT 'active',
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE public.conversations IS
'What a user and the assistant have talked about, from its first message until it is closed.';

DROP TRIGGER IF EXISTS t_conversations_updated ON public.conversations;
CREATE TRIGGER t_conversations_updated
	BEFORE UPDATE ON public.conversations
	FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- Messages

CREATE TABLE IF NOT EXISTS public.messages_v2 (
	id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	conversation_id uuid NOT NULL
	    REFERENCES public.conversations (id) ON DELETE CASCADE,
	direction       public.msg_direction NOT NULL,
	type            public.msg_type NOT NULL DEFAULT 'text',
	content         text,
	media_url       text,
	wa_message_id   text UNIQUE,
	created_at      timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE public.messages_v2 IS
'Each message of a conversation: inbound from the user, outbound from the assistant.';
COMMENT ON COLUMN public.messages_v2.wa_message_id IS
'WhatsApp''s own id. The webhook may deliver a message more than once: it is stored once.';

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.conversations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.messages_v2 ENABLE ROW LEVEL SECURITY;
