/** The bytes of a program as text: base64, alone and in the annotation from which crun takes a program. */
import { fileJson } from '../policy/json-text.ts';

/** crun and runtimes that call it: podman, CRI-O. */
const ANNOTATION = 'run.oci.seccomp_bpf_data';

export function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** A part of config.json of an OCI bundle. */
export function ociAnnotation(bytes: Uint8Array): string {
  return fileJson({ annotations: { [ANNOTATION]: base64(bytes) } });
}

/** For a command line of podman run or create. */
export function annotationFlag(bytes: Uint8Array): string {
  return `--annotation=${ANNOTATION}=${base64(bytes)}`;
}
