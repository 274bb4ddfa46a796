export { meaningOf } from './meanings.ts';
export { profileSchema, type Schema } from './profile-schema.ts';
export { STARTER_BASES, type StarterBase, starterProfile } from './starter.ts';
