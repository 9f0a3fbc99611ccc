-- Kept to be read, not run: mig-ls does not look into this folder. All that it
-- brought stands in the master schema.

CREATE TABLE tenants (
	id         uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	name       text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
	id        uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	tenant_id uuid NOT NULL REFERENCES tenants (id),
	email     text NOT NULL
);
