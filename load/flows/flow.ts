/** A kind of request, and its percentage of the load. Nine of ten requests read. */
export const flowShares = {
  browse: 34,
  list: 15,
  search: 20,
  enrollments: 16,
  activity: 8,
  enroll: 4,
  update: 2,
  register: 1,
} as const

/** The name of a flow. */
export type FlowName = keyof typeof flowShares

/** The names of all flows, in the order in which they are shown. */
export const flowNames = Object.keys(flowShares) as FlowName[]

/** One value for each flow. */
export type PerFlow<T> = Readonly<Record<FlowName, T>>

/** Makes a value for each flow. */
export function perFlow<T>(valueOf: (flow: FlowName) => T): PerFlow<T> {
  return Object.fromEntries(flowNames.map((flow) => [flow, valueOf(flow)])) as Record<FlowName, T>
}
