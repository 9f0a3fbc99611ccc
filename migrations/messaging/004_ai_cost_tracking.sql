-- What each call to a language model cost, whoever provides it.

CREATE TABLE IF NOT EXISTS public.ai_usage (
	id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id         uuid REFERENCES public.users (id) ON DELETE SET NULL,
	conversation_id uuid
	    REFERENCES public.conversations (id) ON DELETE SET NULL,
	provider        text NOT NULL,
	model           text NOT NULL,
	task            text NOT NULL DEFAULT 'chat',
	input_tokens    integer NOT NULL DEFAULT 0,
	output_tokens   integer NOT NULL DEFAULT 0,
	cost_usd        numeric(14,8) NOT NULL,
	latency_ms      integer,
	succeeded       boolean NOT NULL DEFAULT true,
	created_at      timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE public.ai_usage IS
'One row a call. It outlives the user and the conversation: the bill does too.';
COMMENT ON COLUMN public.ai_usage.provider IS
'In lower case (openai, anthropic, google, …), so that one provider is one row of the summary.';

ALTER TABLE public.ai_usage DROP CONSTRAINT IF EXISTS chk_ai_usage_provider;
ALTER TABLE public.ai_usage ADD CONSTRAINT chk_ai_usage_provider
	CHECK (provider ~ '^[a-z][a-z0-9_-]*$');
ALTER TABLE public.ai_usage DROP CONSTRAINT IF EXISTS chk_ai_usage_amounts;
ALTER TABLE public.ai_usage ADD CONSTRAINT chk_ai_usage_amounts
	CHECK (input_tokens >= 0 AND output_tokens >= 0 AND cost_usd >= 0
	AND latency_ms >= 0);

CREATE INDEX IF NOT EXISTS idx_ai_usage_created_btree
	ON public.ai_usage USING btree (created_at);
CREATE INDEX IF NOT EXISTS idx_ai_usage_userid_created_btree
	ON public.ai_usage USING btree (user_id, created_at);
CREATE INDEX IF NOT EXISTS idx_ai_usage_conversationid_btree
	ON public.ai_usage USING btree (conversation_id);

ALTER TABLE public.ai_usage ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS "ai_usage_select_own" ON public.ai_usage;
CREATE POLICY "ai_usage_select_own" ON public.ai_usage
	FOR SELECT
	USING (user_id = (SELECT auth.uid()));

-- A function and not a view: before PostgreSQL 15 a view reads with its
-- owner's rights, and would show everyone's costs to anyone.

CREATE OR REPLACE FUNCTION public.ai_cost_by_provider(
	p_from date DEFAULT NULL,
	p_until date DEFAULT NULL)
RETURNS TABLE (day date, provider text, calls bigint, failures bigint,
	input_tokens bigint, output_tokens bigint, cost_usd numeric)
LANGUAGE sql STABLE
AS $$
	SELECT (u.created_at AT TIME ZONE 'America/Bogota')::date, u.provider,
	    count(*), count(*) FILTER (WHERE NOT u.succeeded),
	    sum(u.input_tokens), sum(u.output_tokens), sum(u.cost_usd)
	FROM public.ai_usage u
	WHERE (p_from IS NULL OR u.created_at
	    >= p_from::timestamp AT TIME ZONE 'America/Bogota')
	AND (p_until IS NULL OR u.created_at
	    < (p_until + 1)::timestamp AT TIME ZONE 'America/Bogota')
	GROUP BY 1, 2
	ORDER BY 1, 2
$$;

COMMENT ON FUNCTION public.ai_cost_by_provider(date, date) IS
'Calls, tokens and cost a provider and Bogotá day; both dates included.';
