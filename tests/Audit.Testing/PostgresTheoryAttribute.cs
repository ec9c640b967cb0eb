using Xunit;

namespace Audit.Testing;

/// <summary>A theory that needs PostgreSQL, skipped with the reason where there is none.</summary>
public sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute() => Skip = PostgresServer.Unavailable;
}
