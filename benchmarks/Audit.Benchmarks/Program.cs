using Audit.Benchmarks;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

// In this process, for a project that BenchmarkDotNet would generate knows nothing of central package versions and of the
// feed that this one was restored from.
var job = Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
var config = DefaultConfig.Instance.AddJob(job).AddDiagnoser(MemoryDiagnoser.Default);
BenchmarkSwitcher.FromTypes([typeof(CallBenchmarks), typeof(ItemBenchmarks), typeof(RedactionBenchmarks), typeof(SealingBenchmarks)]).Run(args.Length == 0 ? ["--filter", "*"] : args, config);
