export { instrument, instrumentDefaults } from './instrument.ts'
export type { InstrumentOptions } from './instrument.ts'
