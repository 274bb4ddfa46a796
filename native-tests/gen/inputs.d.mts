import type { GeneratorInputs } from './generate.mjs';
export function absent(root: string): string | undefined;
export function readNumbersCsv(root: string): string;
export function readInputs(root: string): GeneratorInputs;
