/** What was thrown, for people. */
export const errorSentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
