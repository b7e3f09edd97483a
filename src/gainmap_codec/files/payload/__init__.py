"""The neural payload: `NeuralGainMap` ⇄ bytes."""
