/** Milliseconds that this process was given a processor for since then: a busy machine does not make them more. */
export function processorClock(): () => number {
  const used = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(used);
    return (user + system) / 1000;
  };
}
