namespace Audit.Node.Tests.Support;

/// <summary>For tests that measure the memory of the process, in which other tests must not run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
