-- The message types of WhatsApp's API v23.0. A value can be added in a
-- transaction and be used after its commit only: so nothing here uses them.
--
-- There is no 'voice': WhatsApp calls it 'audio'. Weigh a value before it is
-- added, since it can only be taken out by making the type anew.

ALTER TYPE public.msg_type ADD VALUE IF NOT EXISTS 'sticker';
ALTER TYPE public.msg_type ADD VALUE IF NOT EXISTS 'reaction';
ALTER TYPE public.msg_type ADD VALUE IF NOT EXISTS 'order';
