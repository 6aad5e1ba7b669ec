"""What a report is made of: text, pixels, curves, the network as a diagram, the surface over the inputs, the page.

Every room here turns numbers into text, pixels or SVG, and knows nothing of files. `nn.reports` puts them together.
"""
