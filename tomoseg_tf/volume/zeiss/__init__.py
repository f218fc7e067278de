"""TXM and TXRM, the formats of Zeiss (Xradia) X-ray microscopes."""
