/** Brings in the locked dependencies when they are not there: what CI does before it lints. */
import { ensureDependencies } from './ensure.mjs';

ensureDependencies();
