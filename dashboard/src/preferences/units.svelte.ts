import type { Quantity } from '../quantity/quantities'
import { metric, readChoice, unitFor, writtenChoice, type Choice, type Unit } from '../quantity/units'
import { asked, forget } from './asked'
import { store, stored } from './stored'

class Units {
  choice = $state.raw<Choice>(readChoice(asked('units') ?? stored('units') ?? '') ?? metric)

  choose(change: Partial<Choice>): void {
    this.choice = { ...this.choice, ...change }
    store('units', writtenChoice(this.choice))
    forget('units')
  }

  of(quantity: Quantity): Unit {
    return unitFor(quantity, this.choice)
  }
}

export const units = new Units()
