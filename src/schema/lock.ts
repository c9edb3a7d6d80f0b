import * as z from 'zod';
import { answerValue } from './manifest.js';

export const lockPath = '.mlsys/lock.json';
export const lockSchemaVersion = 1;

const blobId = z.string().regex(/^[0-9a-f]{40}$/);
export const fileMode = z.enum(['100644', '100755', '120000']);
export type FileMode = z.infer<typeof fileMode>;

export const templateRef = z.strictObject({
  /** `builtin`, a git url without credentials, or a folder relative to the project. */
  source: z.string().min(1),
  /** What was asked for after `#`: a tag, branch or commit. */
  ref: z.string().optional(),
  version: z.string(),
  commit: z
    .string()
    .regex(/^[0-9a-f]{40,64}$/)
    .optional(),
});
export type TemplateRef = z.infer<typeof templateRef>;

export const lock = z.strictObject({
  schema: z.literal(lockSchemaVersion),
  template: templateRef,
  /** The version of mlsys whose base stands under a template that has only branches. */
  mlsys: z.string(),
  branches: z.array(z.string()),
  answers: z.record(z.string(), answerValue),
  /** The baseline: every file that the template rendered, by path. */
  files: z.record(z.string(), z.strictObject({ blob: blobId, mode: fileMode, once: z.literal(true).optional() })),
});
export type Lock = z.infer<typeof lock>;
