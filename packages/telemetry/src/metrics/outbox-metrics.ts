import type { Listen } from './listen.ts'
import type { Meter } from './metric.ts'
import { seconds, secondsBounds } from './metric.ts'

const sinkName = ['headwater.sink.name']

/** The outbox, its relay, and the consumers on the other side of a broker. */
export function observeOutbox(listen: Listen, meter: Meter): void {
  const published = meter.counter({
    name: 'headwater.outbox.published',
    unit: '{event}',
    description: 'Events that committed transactions published.',
    attributes: [],
  })
  listen('outbox:published', ({ count }) => {
    published(count)
  })
  observeDeliveries(listen, meter)
  observeFailures(listen, meter)
  observeConsumers(listen, meter)
}

function observeDeliveries(listen: Listen, meter: Meter): void {
  const delivered = meter.counter({
    name: 'headwater.outbox.delivered',
    unit: '{event}',
    description: 'Events that a sink took.',
    attributes: sinkName,
  })
  const durations = meter.histogram({
    name: 'headwater.outbox.delivery.duration',
    unit: 's',
    description: 'Duration of the delivery of a batch.',
    attributes: sinkName,
    bounds: secondsBounds,
  })
  const ages = meter.histogram({
    name: 'headwater.outbox.delivery.age',
    unit: 's',
    description: 'Age of the oldest event of a batch when it was delivered.',
    attributes: sinkName,
    bounds: [...secondsBounds, 60, 600, 3_600],
  })
  listen('outbox:delivered', ({ sink, count, durationMs, lagMs }) => {
    delivered(count, sink)
    durations(seconds(durationMs), sink)
    ages(seconds(lagMs), sink)
  })
}

function observeFailures(listen: Listen, meter: Meter): void {
  const failed = meter.counter({
    name: 'headwater.outbox.failures',
    unit: '{event}',
    description: 'Events that a sink did not take: tried again, set aside, or given up.',
    attributes: [...sinkName, 'headwater.outbox.outcome'],
  })
  listen('outbox:failed', ({ sink, count }) => {
    failed(count, sink, 'failed')
  })
  listen('outbox:parked', ({ sink }) => {
    failed(1, sink, 'parked')
  })
  listen('outbox:dead', ({ sink }) => {
    failed(1, sink, 'dead')
  })
  const relay = meter.counter({
    name: 'headwater.relay.errors',
    unit: '{error}',
    description: "Failures of the relay's own loop, and relays that were never started.",
    attributes: ['headwater.relay.trouble'],
  })
  relay(0, 'error')
  listen('relay:error', () => {
    relay(1, 'error')
  })
  listen('relay:not-started', () => {
    relay(1, 'not-started')
  })
}

function observeConsumers(listen: Listen, meter: Meter): void {
  const troubles = meter.counter({
    name: 'headwater.consumer.failures',
    unit: '{event}',
    description:
      'Events of a broker that a consumer failed to handle, gave up, or could not settle.',
    attributes: ['headwater.consumer.name', 'headwater.consumer.outcome'],
  })
  listen('consume:failed', ({ consumer }) => {
    troubles(1, consumer, 'failed')
  })
  listen('consume:dead', ({ consumer }) => {
    troubles(1, consumer, 'dead')
  })
  listen('consume:error', ({ consumer }) => {
    troubles(1, consumer, 'error')
  })
}
