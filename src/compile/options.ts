/** What a caller may ask of the compiler. Options change what a program costs, never what it means. */

/** What is counted most: instructions, executed tests, or both. */
export type Optimize = 'size' | 'speed' | 'balanced';

export interface CompileOptions {
  /** Default 'balanced'. */
  readonly optimize?: Optimize | undefined;
  /**
   * How often each call is made: its name (on the policy's first ABI that has it), or 'arch:name'. Only the proportions
   * count. Without it every assigned number counts alike.
   */
  readonly weights?: ReadonlyMap<string, number> | Readonly<Record<string, number>> | undefined;
  /**
   * The kernel (since 5.11) remembers which calls are always allowed and does not run the filter for them: then only the
   * other calls weigh anything.
   */
  readonly cachedByKernel?: boolean | undefined;
  /** 'fast' leaves out the search for masks and for the best order of arguments. Default 'full'. */
  readonly search?: 'full' | 'fast' | undefined;
  /** Hears of each pass: its name, and the instructions before and after it. */
  readonly trace?: ((pass: string, before: number, after: number) => void) | undefined;
}

/** What one instruction costs, where a test executed for one call costs 1. */
export const INSN_COST: Readonly<Record<Optimize, number>> = { size: 60, balanced: 16, speed: 2 };
