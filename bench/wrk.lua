-- Prints the figures of a run as one line of JSON, the last one. With BENCH_BODY=n it sends POSTs
-- whose body is a JSON string of n bytes.
local size = tonumber(os.getenv('BENCH_BODY') or '0')
if size > 0 then
  wrk.method = 'POST'
  wrk.body = '"' .. string.rep('x', size - 2) .. '"'
  wrk.headers['Content-Type'] = 'application/json'
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "p50": %.1f, "p99": %.1f, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
