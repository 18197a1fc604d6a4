-- The secret of the project's namespace with which nodes pull the image of its builds.
ALTER TABLE build_places ADD COLUMN pull_secret TEXT;
