const signs = { up: '●', degraded: '▲', down: '■' } as const

/** A state in a word, a shape and a colour. */
export function Status({ of }: { readonly of: 'up' | 'degraded' | 'down' }) {
  return (
    <span class={`status ${of}`}>
      <span aria-hidden="true">{signs[of]}</span> {of}
    </span>
  )
}
