/**
 * `seccompc/launcher`: executables that install a filter and become another program, made without a compiler. Bytes
 * only: runs in Node and in a browser.
 */
export { LAUNCHER_STATUS } from '../machine/index.ts';
export { DESCRIPTOR_USAGE, descriptorLauncher, LAUNCHER_USAGE, launcher } from './launcher.ts';
export { chooseArch, LAUNCHER_ARCHES, type LauncherArch, type LauncherOptions } from './options.ts';
