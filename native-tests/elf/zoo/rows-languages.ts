/** Other languages, whose compilers bring linkers, start-up code and tables of their own. */
import { withoutI386 } from '../../support.ts';
import { compiles, inScratch, type Kind, program, runs, type Use } from './kind.ts';

/** No network, no module: the file alone. */
function goEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, GOFLAGS: '', GOPROXY: 'off', GO111MODULE: 'off', CGO_ENABLED: '0', ...more };
}

function go(
  name: string,
  source: string,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Kind {
  return {
    name,
    needs: ['go'],
    make: inScratch((file) => ['go', 'build', ...flags, '-o', file, program(source)], { env: goEnvironment(env) }),
    use: runs(),
    binutils: '',
  };
}

/** Go's own linker for another machine. The standard library is compiled on first use, 3 seconds each. */
function goFor(goarch: string, qemu: string, binutils: string): Kind {
  return {
    ...go(`go-${goarch}`, 'hello.go', [], { GOARCH: goarch }),
    needs: ['go', `qemu-${qemu}-static`],
    use: { kind: 'run', under: [`qemu-${qemu}-static`], args: ['x'], status: 7 },
    binutils,
  };
}

function rust(name: string, flags: readonly string[] = [], needs: readonly string[] = []): Kind {
  return {
    name,
    needs: ['rustc', ...needs],
    make: inScratch((file) => ['rustc', ...flags, '-o', file, program('hello.rs')]),
    use: runs(),
    binutils: '',
  };
}

/** Under qemu-user 7.2 it dies of 'bad g in signal handler' to begin with. */
function runsGo386(): Use {
  const why = withoutI386();
  return why === undefined ? runs() : { kind: 'none', why };
}

export const LANGUAGE_KINDS: readonly Kind[] = [
  go('go', 'hello.go'),
  go('go-threads', 'threads.go'),
  go('go-threads-stripped', 'threads.go', ['-ldflags=-s -w']),
  go('go-threads-pie', 'threads.go', ['-buildmode=pie']),
  { ...go('go-cgo', 'cgo.go', [], { CGO_ENABLED: '1' }), needs: ['go', 'gcc'] },
  {
    ...go('go-cgo-static', 'cgo.go', ['-ldflags=-linkmode=external -extldflags=-static'], { CGO_ENABLED: '1' }),
    needs: ['go', 'gcc'],
  },
  { ...go('go-386', 'hello.go', [], { GOARCH: '386' }), use: runsGo386() },
  goFor('arm64', 'aarch64', 'aarch64-linux-gnu-'),
  goFor('mips', 'mips', 'mips-linux-gnu-'),
  goFor('mips64', 'mips64', 'mips64el-linux-gnuabi64-'),
  goFor('ppc64', 'ppc64', 'powerpc64-linux-gnu-'),
  goFor('riscv64', 'riscv64', 'riscv64-linux-gnu-'),
  goFor('s390x', 's390x', 's390x-linux-gnu-'),
  { name: 'gccgo', needs: ['gccgo-12'], make: compiles('gccgo-12', 'threads.go'), use: runs(), binutils: '' },
  {
    name: 'gccgo-static',
    needs: ['gccgo-12'],
    make: compiles('gccgo-12', 'threads.go', ['-static']),
    use: runs(),
    binutils: '',
  },
  rust('rust'),
  rust('rust-release', ['-O', '-C', 'strip=symbols']),
  rust('rust-static', ['-O', '-C', 'target-feature=+crt-static']),
  rust('rust-lld', ['-C', 'link-arg=-fuse-ld=lld'], ['ld.lld']),
  {
    name: 'pascal',
    needs: ['fpc'],
    make: inScratch((file) => ['fpc', '-v0', '-FE.', '-FU.', `-o${file}`, program('hello.pas')]),
    use: runs(),
    binutils: '',
  },
  { name: 'fortran', needs: ['gfortran'], make: compiles('gfortran', 'hello.f90'), use: runs(), binutils: '' },
];
