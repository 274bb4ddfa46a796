/** The configuration that `seccompc ci --init` writes: everything that most need, the rest in comments. */

/** `profile`: as it will stand in the text, relative to the configuration. */
export function starterConfig(profile: string, schema: string | undefined): string {
  return `// What seccompc ci proves of the profiles in this repository. docs/ci.md explains every key.
{
${schema === undefined ? '' : `  "$schema": ${JSON.stringify(schema)},\n`}  // What pull requests are compared with where neither --base nor the CI service names it.
  // "base": "origin/main",

  // What makes a step fail. Loosening a profile does, tightening it does not.
  "fail": { "lint": "warning", "diff": ["loosened"], "traces": "denied" },

  "profiles": [
    {
      "profile": ${JSON.stringify(profile)},

      // One program is made for each; without "targets", one for the architectures that the profile names.
      "targets": [{ "name": "x86_64", "arches": ["x86_64", "i386", "x32"] }],

      // Proved for every argument value, on every ABI.
      "assert": [
        "kexec_load is denied",
        "init_module is denied",
        // { "file": "security.assert.jsonc" },
      ],

      // Recorded by: seccompc trace -o app.strace -- ./app
      // "traces": ["app.strace", { "file": "attack.strace", "denied": ["ptrace"] }],

      // Files that are made of the profile: seccompc ci --write writes them, seccompc ci says when they are old.
      // "outputs": [{ "file": "filter.bpf", "target": "x86_64" }],

      // Programs made elsewhere that must be equal to the profile.
      // "programs": ["build/operator"],

      // "lint": { "ignore": [{ "code": "CALL_DANGEROUS", "reason": "the debugger needs ptrace" }] },
    },
  ],
}
`;
}
