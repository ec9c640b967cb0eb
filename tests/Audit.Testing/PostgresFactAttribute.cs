using Xunit;

namespace Audit.Testing;

/// <summary>A fact that needs PostgreSQL, skipped with the reason where there is none.</summary>
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.Unavailable;
}

/// <summary>A theory that needs PostgreSQL, skipped with the reason where there is none.</summary>
public sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute() => Skip = PostgresServer.Unavailable;
}

/// <summary>Says that a class of contract tests runs on PostgreSQL.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsPostgresAttribute : Attribute;
