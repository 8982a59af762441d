/** Most combinations of attributes that a metric has; further ones count together, as `other`. */
const mostLeaves = 1_000

interface Branch<Leaf> {
  readonly branches: Map<string, Branch<Leaf>>
  leaf?: Leaf
}

/** Finds what belongs to a combination of attributes without joining them. */
export class AttributeTree<Leaf> {
  readonly #create: (values: readonly string[]) => Leaf
  readonly #root: Branch<Leaf> = { branches: new Map() }
  #size = 0

  constructor(create: (values: readonly string[]) => Leaf) {
    this.#create = create
  }

  /** The leaf of these values; a new one when they are new. */
  at(values: readonly string[]): Leaf {
    let branch: Branch<Leaf> | undefined = this.#root
    for (const value of values) {
      branch = branch.branches.get(value)
      if (branch === undefined) return this.#grow(values)
    }
    return branch.leaf ?? this.#grow(values)
  }

  #grow(values: readonly string[]): Leaf {
    const isFull = this.#size >= mostLeaves
    const kept = isFull ? values.map(() => 'other') : values
    let branch = this.#root
    for (const value of kept) {
      const next: Branch<Leaf> = branch.branches.get(value) ?? { branches: new Map() }
      branch.branches.set(value, next)
      branch = next
    }
    if (branch.leaf !== undefined) return branch.leaf
    this.#size += 1
    branch.leaf = this.#create(kept)
    return branch.leaf
  }
}
