"""Analyses of a `ModelGraph` that several rules share: rules decide what to report, this package computes it.

`layer_activation` pairs a layer with its activation and computes the factors of its init. `chain_products` multiplies
these factors over consecutive layers. `signal_propagation` follows the mean square through the whole data flow.
`weight_draws`, `constant_weights` and `fan_mismatch` analyze single init calls. `recommended_init` and `fix_offers`
determine the better call and the fix. `messages` formats names and numbers.
"""
