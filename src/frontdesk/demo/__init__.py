"""The demo: a small shop's desk, and a model of keyword rules so that it runs without a key."""

from frontdesk.demo.desk import equipped
from frontdesk.demo.model import NOTICE, DemoModel, DemoModels
from frontdesk.demo.shop import plugin as shop
from frontdesk.demo.shop import policy

__all__ = ["NOTICE", "DemoModel", "DemoModels", "equipped", "policy", "shop"]
