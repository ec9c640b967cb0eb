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
[NeedsVariable(CompiledScripts.Variable)]
public sealed class TypeScriptContractTests(ContractNode served) : ScriptContract(
    served, "typescript", CompiledScripts.Driver, CompiledScripts.Example, "node");

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
