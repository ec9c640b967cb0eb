using System.Diagnostics;

namespace Audit.Client.Tests;

/// <summary>The client of Python, clients/python.</summary>
[NeedsProgram("python3")]
public sealed class PythonContractTests(ContractNode served) : ClientContract(
    served, "python3", Path.Combine(BuiltProgram.Root, "tests/Audit.Client.Contract/contract.py"));

/// <summary>The client of TypeScript, clients/typescript.</summary>
[NeedsProgram("node")]
[NeedsVariable(Variable)]
public sealed class TypeScriptContractTests(ContractNode served) : ClientContract(served, "node", Compiled.Value)
{
    /// <summary>The folder of npm in which the compiler and the types of Node lie.</summary>
    private const string Variable = "AUDIT_TEST_TYPESCRIPT";

    private const string Driver = "tests/Audit.Client.Contract/contract";

    /// <summary>Held until the tests end, with what was compiled.</summary>
    private static readonly TemporaryDirectory Directory = new();

    /// <summary>What is not strictly typed is not compiled, and fails every test.</summary>
    private static readonly Lazy<string> Compiled = new(() =>
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Dispose();
        var modules = Environment.GetEnvironmentVariable(Variable)!;
        var compiler = Process.Start(new ProcessStartInfo("node",
        [
            Path.Combine(modules, "typescript/lib/tsc.js"), "--strict", "--noUncheckedIndexedAccess", "--noUnusedLocals",
            "--noUnusedParameters", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler",
            "--types", "node", "--typeRoots", Path.Combine(modules, "@types"), "--rootDir", BuiltProgram.Root,
            "--outDir", Directory.Path, Path.Combine(BuiltProgram.Root, Driver + ".ts"),
        ])
        {
            RedirectStandardOutput = true,
        })!;
        var troubles = compiler.StandardOutput.ReadToEnd();
        compiler.WaitForExit();
        File.WriteAllText(Directory.File("package.json"), """{"type":"module"}""");
        return compiler.ExitCode == 0 ? Directory.File(Driver + ".js") : throw new InvalidOperationException(troubles);
    });
}
