namespace Audit.Architecture.Tests.Samples.Used.Inner;

/// <summary>Uses its parent folder with no directive, by a constant that the compiler copies.</summary>
internal sealed class Child
{
    public int Size { get; } = ForConstant.Most;
}
