#!/usr/bin/env bash
# Rules, their tests, the scrape configuration and the dashboard's queries by promtool:
# check_monitoring.sh FOLDER
set -euo pipefail
work=$1/monitoring
rm -rf "$work"
mkdir -p "$work"
promtool check rules deploy/prometheus/rules.yaml
promtool test rules Tests/Packages/rules_test.yaml
promtool check config --syntax-only deploy/prometheus/scrape.yaml
# Each query of a panel as a rule, with Grafana's variables filled in.
python3 - deploy/grafana/crisp-server.json >"$work/queries.yaml" <<'END'
import json
import sys

queries = [target["expr"] for panel in json.load(open(sys.argv[1]))["panels"]
           for target in panel.get("targets", [])]
rules = [{"record": f"query:{number}", "expr": query.replace("$__rate_interval", "5m")
          .replace("$instance", ".*")} for number, query in enumerate(queries)]
json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, sys.stdout)
END
promtool check rules "$work/queries.yaml"
echo "  $(grep -c 'alert:' deploy/prometheus/rules.yaml) alerts, $(grep -c '"expr"' deploy/grafana/crisp-server.json) queries of the dashboard"
