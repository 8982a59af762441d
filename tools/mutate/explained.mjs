/** Survivors that change nothing a caller can see, each with the reason. */
export const explained = []
