import { computed, signal } from '@preact/signals'
import type { Viewer } from '../src/contract/screens.ts'

/** Who uses the page; `undefined` until the server has said it. */
export const viewer = signal<Viewer | undefined>(undefined)

export const mayOperate = computed(() => viewer.value?.access === 'operate')
