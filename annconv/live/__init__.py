"""The live network: populations, projections and monitors under ANNarchy's names."""
