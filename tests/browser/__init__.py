"""What only a browser can tell: pages opened in headless Chromium."""
