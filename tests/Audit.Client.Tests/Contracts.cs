using System.Diagnostics;

namespace Audit.Client.Tests;

/// <summary>The contract, and what the README of a client that is one file promises.</summary>
public abstract class ScriptContract(ContractNode served, string client, string driver, string example, params string[] program)
    : ClientContract(served, [.. program, driver])
{
    [ContractFact]
    public async Task the_lines_of_the_readme_audit_a_host()
    {
        var folder = Path.Combine(BuiltProgram.Root, "clients", client);
        var readme = await File.ReadAllTextAsync(Path.Combine(folder, "README.md"));
        var lines = await File.ReadAllTextAsync(Directory.GetFiles(folder, "example.*").Single());
        Assert.Contains($"\n{lines}```", readme);

        await using var node = await HostedNode.StartAsync(Block(readme, "json"));
        await using var host = ClientProcess.Start([.. program, example], node.FileOf("."), new Dictionary<string, string>
        {
            ["AUDIT_SERVER"] = node.Url.ToString(), ["AUDIT_TOKEN"] = node.HostToken,
        });
        Assert.Equal(Block(readme, ""), await host.ReadToEndAsync());
        Assert.Equal(0, await host.EndAsync());
    }

    private static string Block(string readme, string language)
    {
        var begin = $"\n\n```{language}\n";
        var text = readme[(readme.IndexOf(begin, StringComparison.Ordinal) + begin.Length)..];
        return text[..text.IndexOf("```", StringComparison.Ordinal)];
    }
}

/// <summary>The client of Python.</summary>
[NeedsProgram("python3")]
public sealed class PythonContractTests(ContractNode served) : ScriptContract(
    served, "python", Path.Combine(BuiltProgram.Root, "tests/Audit.Client.Contract/contract.py"),
    Path.Combine(BuiltProgram.Root, "clients/python/example.py"), "python3", "-B");

/// <summary>The client of TypeScript.</summary>
[NeedsProgram("node")]
[NeedsVariable(Variable)]
public sealed class TypeScriptContractTests(ContractNode served) : ScriptContract(
    served, "typescript", Path.Combine(Compiled.Value, Driver + ".js"), Path.Combine(Compiled.Value, Example + ".js"), "node")
{
    /// <summary>The folder of npm in which the compiler and the types of Node lie.</summary>
    private const string Variable = "AUDIT_TEST_TYPESCRIPT";

    private const string Driver = "tests/Audit.Client.Contract/contract", Example = "clients/typescript/example";

    /// <summary>Held until the tests end, with what was compiled.</summary>
    private static readonly TemporaryDirectory Output = new();

    /// <summary>What is not strictly typed is not compiled, and fails every test.</summary>
    private static readonly Lazy<string> Compiled = new(() =>
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Output.Dispose();
        var modules = Environment.GetEnvironmentVariable(Variable)!;
        using var compiler = Process.Start(new ProcessStartInfo("node",
        [
            Path.Combine(modules, "typescript/lib/tsc.js"), "--strict", "--skipLibCheck", "--noUncheckedIndexedAccess",
            "--exactOptionalPropertyTypes", "--noUnusedLocals", "--noUnusedParameters", "--target", "es2022",
            "--module", "esnext", "--moduleResolution", "bundler", "--types", "node", "--typeRoots",
            Path.Combine(modules, "@types"), "--rootDir", BuiltProgram.Root, "--outDir", Output.Path,
            Path.Combine(BuiltProgram.Root, Driver + ".ts"), Path.Combine(BuiltProgram.Root, Example + ".ts"),
        ])
        {
            RedirectStandardOutput = true,
        })!;
        var troubles = compiler.StandardOutput.ReadToEnd();
        compiler.WaitForExit();
        File.WriteAllText(Output.File("package.json"), """{"type":"module"}""");
        return compiler.ExitCode == 0 ? Output.Path : throw new InvalidOperationException(troubles);
    });
}

/// <summary>The client of .NET.</summary>
public sealed class DotNetContractTests(ContractNode served) : ClientContract(
    served, "dotnet", "exec", BuiltProgram.Of("tests/Audit.Client.Contract", "Audit.Client.Contract.dll"));

/// <summary>The same on .NET 8, which need not be installed: it is published with the program.</summary>
[NeedsVariable(Published)]
public sealed class Net8ContractTests(ContractNode served) : ClientContract(
    served, Environment.GetEnvironmentVariable(Published) ?? "")
{
    private const string Published = "AUDIT_TEST_NET8";
}
