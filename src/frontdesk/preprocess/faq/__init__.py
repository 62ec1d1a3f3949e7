"""Curated answers: questions that a file of the desk answers, without a model."""

from frontdesk.preprocess.faq.entries import Entry
from frontdesk.preprocess.faq.files import read_faq
from frontdesk.preprocess.faq.hits import FaqHits, Hits
from frontdesk.preprocess.faq.plugin import curated

__all__ = ["Entry", "FaqHits", "Hits", "curated", "read_faq"]
