/** Stands for the module of a host that its `instrumentation.ts` imports. */
export const services = (): Promise<void> => Promise.resolve()
